"""How do the parts make one machine? Assembly from a scenario, the native callbacks, snapshots."""
