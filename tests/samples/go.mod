module hookline/tests/samples

go 1.21

require (
	github.com/drone/go-scm v1.38.4
	github.com/go-playground/webhooks/v6 v6.4.0
)
