package endpoint_test

import (
	"errors"
	"testing"

	"github.com/boxoffice/boxoffice/internal/endpoint"
)

func TestOnlyPublicAddressesAreConnectedTo(t *testing.T) {
	t.Parallel()
	for address, allowed := range map[string]bool{
		"93.184.215.14:443": true, "8.8.8.8:8443": true, "1.1.1.1:80": true,
		"[2606:4700:4700::1111]:443": true, "[2a00:1450:4001:81b::200e]:443": true,

		"127.0.0.1:443": false, "127.8.9.10:443": false, "0.0.0.0:443": false, "0.1.2.3:443": false, // this machine
		"10.0.0.1:443": false, "172.16.0.1:443": false, "172.31.255.254:443": false, "192.168.1.1:443": false, // private
		"169.254.1.1:443": false, "169.254.169.254:80": false, // link-local, and the metadata of clouds
		"100.64.0.1:443": false, "100.127.255.254:443": false, "100.100.100.200:80": false, // of carriers; likewise
		"192.0.0.192:80": false, "192.0.0.1:443": false, // Oracle's metadata; of protocols
		"198.18.0.1:443": false, "192.0.2.1:443": false, "198.51.100.1:443": false, "203.0.113.1:443": false, // tests
		"224.0.0.1:443": false, "239.255.255.250:443": false, "240.0.0.1:443": false, "255.255.255.255:443": false,

		"[::1]:443": false, "[::]:443": false, "[fe80::1]:443": false, "[fe80::1%eth0]:443": false,
		"[fc00::1]:443": false, "[fd00:ec2::254]:80": false, "[ff02::1]:443": false, "[fec0::1]:443": false,
		"[::ffff:127.0.0.1]:443": false, "[::ffff:10.0.0.1]:443": false, "[::ffff:8.8.8.8]:443": false, // mapped
		"[::127.0.0.1]:443": false, "[64:ff9b::7f00:1]:443": false, "[64:ff9b:1::a00:1]:443": false, // translated
		"[2002:7f00:1::]:443": false, "[2002:a00:1::1]:443": false, "[2001:0:7f00:1::]:443": false, // tunnelled
		"[2001:db8::1]:443": false, "[100::1]:443": false, "[3fff::1]:443": false,

		"example.com:443": false, "nothing": false,
	} {
		network := "tcp4"
		if address[0] == '[' {
			network = "tcp6"
		}
		err := endpoint.NewAddresses(false).Control(network, address, nil)
		if (err == nil) != allowed || err != nil && !errors.Is(err, endpoint.ErrPrivate) {
			t.Errorf("%s: %v, want allowed %v", address, err, allowed)
		}
		if err := endpoint.NewAddresses(true).Control(network, address, nil); err != nil {
			t.Errorf("%s, with private ones allowed: %v", address, err)
		}
	}
	if endpoint.NewAddresses(false).Control("udp4", "8.8.8.8:53", nil) == nil {
		t.Error("UDP is allowed")
	}
}
