"""Show it: tables, pictures, pages."""
