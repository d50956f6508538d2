module heddle/localkube/pause

go 1.24.0
