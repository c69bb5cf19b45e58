"""What every operation uses: the transaction, the request, refusals, filters, pages."""
