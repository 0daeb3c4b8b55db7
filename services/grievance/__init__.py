"""异议: objections against published lines, from registration to conclusion."""
