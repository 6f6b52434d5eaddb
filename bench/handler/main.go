// The handler of the benches: answers after as many milliseconds as `sleep` in the query says, as Knative's own performance tests do.
package main

import (
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if text := r.URL.Query().Get("sleep"); text != "" {
			ms, err := strconv.Atoi(text)
			if err != nil || ms < 0 {
				http.Error(w, "sleep must be a count of milliseconds, but is "+strconv.Quote(text), http.StatusBadRequest)
				return
			}
			time.Sleep(time.Duration(ms) * time.Millisecond)
		}
		io.WriteString(w, "hello, world")
	})
	if err := http.ListenAndServe(":"+os.Getenv("PORT"), nil); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}
