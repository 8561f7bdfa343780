// Not used by this page, so it is not in the program.
