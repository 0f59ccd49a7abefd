"""How does the Intel graphics device behave?"""
