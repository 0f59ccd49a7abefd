"""What happened? Event schema, recorder, store, import and export."""
