package audit

// Sign signs any statement, also one of another log or of an earlier version.
func (k *Keys) Sign(s Statement) (string, error) { return k.sign(s) }
