package main

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// What stands for a description that is given and empty: the simulator can't tell it from one that is not given.
const emptyText = "(nothing)"

var emptyDescription = regexp.MustCompile(`<(?:\w+:)?description(?:\s*/>|></(?:\w+:)?description>)`)

func tellingEmpty(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/sdk") {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			if bytes.Contains(body, []byte("RenameSnapshot")) {
				body = emptyDescription.ReplaceAll(body, []byte("<description>"+emptyText+"</description>"))
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		next.ServeHTTP(w, r)
	})
}
