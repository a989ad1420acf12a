package eventstore

import (
	"strconv"
	"time"
)

// Session gives the settings for the connections of an executor's pool (see [ConfigureConn], or the
// pool's RuntimeParams). They bound how long a process that stalls can be in the way of the others:
// PostgreSQL ends its transaction, and the executor reads a new state and goes on.
func Session(delay time.Duration) map[string]string {
	return map[string]string{
		// A conflict is to be a unique violation, and a read under the lock to see what is committed,
		// whatever the database's default is.
		"default_transaction_isolation":       "read committed",
		"statement_timeout":                   ms(5 * time.Second),
		"lock_timeout":                        ms(4 * time.Second),
		"idle_in_transaction_session_timeout": ms(delay + 5*time.Second),
		// The executor has to hear of a COMMIT that did not wait for the standby, see
		// [ConfigureCommits].
		"client_min_messages": "warning",
		// Every query of the executor goes by an index. A plan that was made for an empty table must
		// not stay with a sequential scan when the table has grown.
		"enable_seqscan": "off",
		// The statements are short and many; compiling one takes a hundred times as long as running it.
		"jit": "off",
	}
}

// TransactionTimeout is a setting beside those of [Session] that only [ConfigureConn] can apply:
// PostgreSQL has it from version 17 on. It also ends a session that waits for the rest of a
// message, which counts neither as idle nor as a statement. A batch gives up long before.
func TransactionTimeout(delay time.Duration) (name, value string) {
	return transactionTimeout, ms(delay + 30*time.Second)
}

const transactionTimeout = "transaction_timeout"

func ms(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
