"""The 人社 agency's simulator: number and name in, social security card and account out."""
