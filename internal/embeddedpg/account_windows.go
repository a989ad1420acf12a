package embeddedpg

// account is unused on Windows: initdb and postgres drop administrative rights themselves, or
// refuse.
type account struct{ name string }

func privileged() bool                        { return false }
func accountFor(string) (*account, error)     { return nil, nil }
func ownerAccount(string) (*account, error)   { return nil, nil }
func (*account) own(string) error             { return nil }
func matchOwner(string, string) error         { return nil }
func inaccessibleDir(string, *account) string { return "" }
func (*account) allowEntry(string) error      { return nil }
