"""Every semantic event the vendor documents, as a typed callable; one module for each group of them."""
