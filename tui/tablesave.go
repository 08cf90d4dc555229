package tui

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// openSaveMenu lets one choose how the list is saved.
func (t *table[K, T]) openSaveMenu() {
	name := "list"
	if t.e.top != nil {
		name = fileName(strings.ToLower(strings.Join(t.e.top.title(), "-")))
	}
	t.e.over = &menu{e: t.e, title: "save the list", items: []menuItem{
		{key: "t", name: "text", about: name + ".txt, columns with tabs between", do: func() tea.Cmd { return t.e.saveFile(name+".txt", t.asText()) }},
		{key: "j", name: "JSON", about: name + ".json, an object a row", do: func() tea.Cmd { return t.e.saveFile(name+".json", t.asJSON()) }},
	}}
}

// cells are the titles of the columns that are texts, and these texts of all
// items that fit the filter, in the order they are shown in.
func (t *table[K, T]) cells() (titles []string, rows [][]string) {
	var columns []column[T]
	for _, col := range t.columns {
		title := cmp.Or(col.title, col.saveAs)
		if title == "" || col.cell == nil && col.whole == nil {
			continue
		}
		columns = append(columns, col)
		titles = append(titles, strings.ToLower(title))
	}
	for _, i := range t.order() {
		row := make([]string, len(columns))
		for j, col := range columns {
			text := ""
			if col.whole != nil {
				text = col.whole(t.items[i])
			} else {
				text, _ = col.cell(t.items[i])
			}
			row[j] = strings.TrimSpace(clean(text))
		}
		rows = append(rows, row)
	}
	return titles, rows
}

func (t *table[K, T]) asText() []byte {
	titles, rows := t.cells()
	var b strings.Builder
	for _, row := range append([][]string{titles}, rows...) {
		b.WriteString(strings.Join(row, "\t") + "\n")
	}
	return []byte(b.String())
}

func (t *table[K, T]) asJSON() []byte {
	titles, rows := t.cells()
	list := make([]map[string]string, len(rows))
	for i, row := range rows {
		list[i] = make(map[string]string, len(row))
		for j, text := range row {
			list[i][titles[j]] = text
		}
	}
	data, err := json.MarshalIndent(list, "", "\t")
	if err != nil {
		return nil // strings always marshal
	}
	return append(data, '\n')
}

// saveFile writes a new file in the folder that the program was started in.
func (e *env) saveFile(name string, data []byte) tea.Cmd {
	return e.ask(e.acts, func(context.Context) (any, error) {
		out, err := createNew(name)
		if err != nil {
			return resume(nil), err
		}
		_, err = out.Write(data)
		if cerr := out.Close(); err == nil {
			err = cerr
		}
		return resume(func() tea.Cmd {
			e.tell(roleDone, fmt.Sprintf("saved %s (%s)", out.Name(), bytesText(int64(len(data)))))
			return nil
		}), err
	})
}
