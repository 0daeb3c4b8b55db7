"""Room `application`: applications with their consent, the 补贴清单, and enrolments."""
