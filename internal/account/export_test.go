package account

// Internals for the tests.

var CheckPassword = checkPassword

// OnHash has f called in the slot before each run of bcrypt.
func OnHash(a *Accounts, f func()) { a.hasher.onRun = f }

// Hashing is how many passwords are being hashed or wait for it.
func Hashing(a *Accounts) int {
	pending, _ := a.PendingHashes()
	return pending
}

// DummyHash is what a password is compared with when there is no user.
func DummyHash(a *Accounts) []byte { return a.hasher.dummy }

// CommonPasswords are refused where somebody chooses one.
var CommonPasswords = commonPasswords

// DeviceOf is the name of the device of a sign-in.
var DeviceOf = deviceOf

// MakeKey makes an API key of nobody.
var MakeKey = makeKey
