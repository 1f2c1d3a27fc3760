"""Values in the form that pages and files show them."""
