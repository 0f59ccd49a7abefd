"""A run is shown in a browser as one HTML file without any network; each module makes one part of it."""
