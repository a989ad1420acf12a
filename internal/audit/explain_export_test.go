package audit

// ExplainRecords is the query of [History.Records] that has to use an index.
func ExplainRecords(f Filter, after, upTo int64, limit int) (sql string, args []any, settings string) {
	if f.Type != "" {
		return recordsOfTypeSQL, []any{f.Type, after, upTo, limit}, `select 1`
	}
	return positionsOfActorSQL, []any{f.Actor.String(), after, upTo, f.Type, limit}, bloomSettings
}
