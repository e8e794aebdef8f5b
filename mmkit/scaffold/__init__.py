"""What `mmkit plugins new` writes: a rule, its tests, a stack that uses it, a package around them. Nothing here is loaded as a plugin."""
