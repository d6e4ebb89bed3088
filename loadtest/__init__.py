"""A load test for Yjs servers, ours and others; needs of the server only its protocol ring."""
