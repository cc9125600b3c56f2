"""How requests become calls: route table, gate, errors, headers, ranges, OpenAPI."""
