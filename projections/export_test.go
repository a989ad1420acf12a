package projections

// PartOf is the section of a list that a page shows.
func PartOf(page, limit, total int) (rows, skip int, backwards bool) {
	p := partOf(EventQuery{Page: page, Limit: limit}, total)
	return p.rows, p.skip, p.backwards
}
