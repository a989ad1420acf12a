// Package endpoint keeps webhooks: the addresses that organizers want to be told at of what
// happens, with their secrets, and the log of deliveries. What is delivered is decided in package
// reactors/webhook, which also sends it.
//
//   - types.go: what can be asked for; address.go: where it may be sent
//   - endpoint.go: the endpoints; secret.go: what deliveries are signed with
//   - delivery.go: the log of deliveries
package endpoint
