package httpapi

// Held is how many slots are held.
func (a *Admission) Held() int { return len(a.slots) }
