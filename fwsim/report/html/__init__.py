"""How is a run shown in a browser? One HTML file without any network: what is in it, module by module."""
