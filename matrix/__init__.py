"""The fault matrix: for every defect a service can have, the check that must find it, and no other."""
