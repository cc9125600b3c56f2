"""How lookout is run: native servers here, container recipes beside them."""
