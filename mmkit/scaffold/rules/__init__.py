"""One small rule per role, whole and working: what `mmkit plugins new` copies, under the name that it is given instead of "new-rule"."""
