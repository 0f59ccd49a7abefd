"""This room reads code: listings, and what single instructions read and write. It alone imports Capstone."""
