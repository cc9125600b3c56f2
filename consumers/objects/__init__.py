"""Objects of 80 classes: networks of several layouts behind one seam, chosen classes, counts."""
