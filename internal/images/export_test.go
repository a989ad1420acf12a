package images

// Versions are the files that are kept of a picture, the smallest first.
func Versions(data []byte) (files [][]byte, err error) {
	versions, err := versionsOf(data)
	for _, v := range versions {
		files = append(files, v.data)
	}
	return files, err
}
