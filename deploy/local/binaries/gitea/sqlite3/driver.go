// Package sqlite3 stands in for the one that Gitea imports for its SQLite driver. That one is written in C and needs
// a compiler; this one registers a driver of the same name that is all Go, so that Gitea builds on every machine.
package sqlite3

import (
	"time"

	"github.com/ncruces/go-sqlite3"
	_ "github.com/ncruces/go-sqlite3/driver"
)

// The data is thrown away with the server, so nothing is lost when the machine stops: no write waits for the disk.
// The pragma itself reads the database, which another connection may be writing: so this one must know to wait first.
func init() {
	sqlite3.AutoExtension(func(connection *sqlite3.Conn) error {
		if err := connection.BusyTimeout(time.Minute); err != nil {
			return err
		}
		return connection.Exec("PRAGMA synchronous = OFF")
	})
}
