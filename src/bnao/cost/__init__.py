"""What an architecture costs: parameters and multiply-adds, and the part of the space that limits allow."""
