"""Tables and queries of applications and enrolments; rosters and lines are worked set-wise in SQL."""
