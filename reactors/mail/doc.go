// Package mail tells people by e-mail what happened to their accounts and bookings.
//
// A mail takes two steps. The reactor [Notices] turns a record of the log into letters, one for each
// recipient, and queues them in the transaction that moves its offset, so each is queued once. The
// reactor [Delivery] sends one letter after another: what was in flight when a process was killed is
// sent again, with the same Message-ID, and nothing else is. Accounts queue their letters
// themselves ([Queue]), and [Remind] those of the day before an event.
//
// A letter names its recipient by id. The address and the name are looked up when it is sent, and
// are never logged; nor are the texts.
//
//   - letter.go: what is queued; notices.go, holders.go, reminder.go: from what
//   - content.go: what each kind says; render.go, templates: how it looks; calendar.go: the .ics;
//     tickets.go: the codes for the door
//   - smtp.go, delivery.go: how it is sent; preview.go: how to look at them all
package mail
