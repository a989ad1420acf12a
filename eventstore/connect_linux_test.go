package eventstore_test

import (
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// Either end must notice that the other one is gone. What is said with SHOW is what the server's
// socket has.
func TestBothEndsOfAConnectionNoticeADeadPeer(t *testing.T) {
	t.Parallel()
	config, err := pgx.ParseConfig(dbtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	settings := eventstore.Session(time.Second)
	name, value := eventstore.TransactionTimeout(time.Second)
	settings[name] = value
	eventstore.ConfigureConn(config, settings)
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) //nolint:errcheck // of a test
	want := map[string]string{
		"tcp_user_timeout": "15000", "tcp_keepalives_idle": "6", "tcp_keepalives_interval": "3", "tcp_keepalives_count": "3",
		"idle_in_transaction_session_timeout": "6s", "default_transaction_isolation": "read committed",
	}
	var version int
	if err := conn.QueryRow(t.Context(), `select current_setting('server_version_num')::int`).Scan(&version); err != nil {
		t.Fatal(err)
	}
	if version >= 170000 {
		want[name] = "31s"
	}
	for name, value := range want {
		var got string
		if err := conn.QueryRow(t.Context(), `select current_setting($1)`, name).Scan(&got); err != nil || got != value {
			t.Errorf("%s is %q, want %q (%v)", name, got, value, err)
		}
	}

	tcp, ok := conn.PgConn().Conn().(*net.TCPConn)
	if !ok {
		t.Fatal("not over TCP")
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) {
		for option, want := range map[int]int{
			unix.TCP_USER_TIMEOUT: 15_000, unix.TCP_KEEPIDLE: 6, unix.TCP_KEEPINTVL: 3, unix.TCP_KEEPCNT: 3,
		} {
			if got, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, option); err != nil || got != want {
				t.Errorf("socket option %d is %d, want %d (%v)", option, got, want, err)
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
}
