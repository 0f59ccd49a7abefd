"""A virtual machine's configuration, in whichever tool's words, becomes one set of settings with their lines."""
