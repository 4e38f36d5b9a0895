"""The Paper page: pictures of handwritten numbers become tables."""
