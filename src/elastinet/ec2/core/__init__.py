"""Common parts of all operations: the transaction, the request, refusals, filters, pages."""
