package hubd

import (
	"slices"
	"strings"

	"koji"
	"koji/sqlstore"
)

func externalRepoMethods() []method {
	return []method{
		writes("createExternalRepo", perm("admin"), "Creates an external repo; the URL gets a trailing slash.", createExternalRepo),
		writes("editExternalRepo", perm("admin"), "Changes name and URL of an external repo.", editExternalRepo),
		writes("deleteExternalRepo", perm("admin"), "Deletes an external repo and takes it out of all tags.", deleteExternalRepo),
		reads("getExternalRepo", anyone, "External repo by id or name, at an event if given.", getExternalRepo),
		reads("listExternalRepos", anyone, "External repos by name or URL.", listExternalRepos),
		writes("addExternalRepoToTag", perm("tag"), "Adds an external repo to a tag.", addExternalRepoToTag),
		writes("editTagExternalRepo", perm("tag"), "Changes priority, merge mode or arches of an external repo in a tag; says whether anything changed.", editTagExternalRepo),
		writes("removeExternalRepoFromTag", perm("tag"), "Takes an external repo out of a tag.", removeExternalRepoFromTag),
		reads("getTagExternalRepos", anyone, "External repos in tags, without inheritance.", getTagExternalRepos),
		reads("getExternalRepoList", anyone, "External repos of a tag and its ancestors, in the order in which they are merged.", getExternalRepoList),
		reads("repo.getExternalRepoData", anyone, "What the repo daemon stored about an external repo.", getExternalRepoData),
		writes("repo.setExternalRepoData", perm("repo"), "Replaces what is stored about an external repo.", setExternalRepoData),
	}
}

// externalRepoRef finds an external repo that isn't deleted.
func (c *call) externalRepoRef(ref any) (*koji.ExternalRepo, error) {
	r, err := c.externalRepoAt(ref, nil)
	if err == nil && r == nil {
		err = noSuch(sqlstore.ExternalRepoNames, ref)
	}
	return r, err
}

// externalRepoAt finds an external repo at an event, nil if there is none.
func (c *call) externalRepoAt(ref any, event *int64) (*koji.ExternalRepo, error) {
	n, found, err := c.find(sqlstore.ExternalRepoNames, ref)
	if err != nil || !found {
		return nil, err
	}
	return c.tx.ExternalRepo(c, n.ID, event)
}

// repoURL is an URL as it is stored: with a slash at its end.
func repoURL(v string) (string, error) {
	url := strings.TrimSpace(v)
	if url == "" || strings.ContainsAny(url, " \t\r\n\x00") {
		return "", refuse("Invalid URL of a repo: %q", v)
	}
	if !strings.HasSuffix(url, "/") {
		url += "/"
	}
	return url, nil
}

type createExternalRepoArgs struct {
	Name any    `rpc:"name"`
	URL  string `rpc:"url"`
}

func createExternalRepo(c *call, a createExternalRepoArgs) (any, error) {
	name, err := c.newName("external repo", a.Name)
	if err != nil {
		return nil, err
	}
	url, err := repoURL(a.URL)
	if err != nil {
		return nil, err
	}
	if old, err := c.externalRepoAt(name, nil); err != nil || old != nil {
		return nil, orRefuse(err, "External repo %s already exists", name)
	}
	id, err := c.tx.AddName(c, sqlstore.ExternalRepoNames, name)
	if err != nil {
		return nil, err
	}
	if err := c.tx.SetExternalRepoURL(c, id, url, c.session.user); err != nil {
		return nil, err
	}
	return koji.ExternalRepo{ID: id, Name: name, URL: url}, nil
}

type editExternalRepoArgs struct {
	Repo any     `rpc:"info"`
	Name any     `rpc:"name=nil"`
	URL  *string `rpc:"url=nil"`
}

func editExternalRepo(c *call, a editExternalRepoArgs) (any, error) {
	repo, err := c.externalRepoRef(a.Repo)
	if err != nil {
		return nil, err
	}
	if a.Name != nil && a.Name != repo.Name {
		name, err := c.newName("external repo", a.Name)
		if err != nil {
			return nil, err
		}
		if other, there, err := c.tx.NameByName(c, sqlstore.ExternalRepoNames, name); err != nil || there {
			return nil, orRefuse(err, "Name %s is already taken by external repo %d", name, other.ID)
		}
		if err := c.tx.Rename(c, sqlstore.ExternalRepoNames, repo.ID, name); err != nil {
			return nil, err
		}
	}
	if a.URL == nil {
		return nil, nil
	}
	url, err := repoURL(*a.URL)
	if err != nil || url == repo.URL {
		return nil, err
	}
	if err := c.tx.SetExternalRepoURL(c, repo.ID, url, c.session.user); err != nil {
		return nil, err
	}
	return nil, c.tagsOfRepoChanged(repo.ID)
}

// tagsOfRepoChanged tells the event stream of the tags that an external repo is in.
func (c *call) tagsOfRepoChanged(repo int64) error {
	places, err := c.tx.TagExternalRepos(c, nil, &repo, nil)
	if err != nil {
		return err
	}
	for _, p := range places {
		if err := c.tagChanged(p.TagID, p.TagName); err != nil {
			return err
		}
	}
	return nil
}

type externalRepoArgs struct {
	Repo any `rpc:"info"`
}

func deleteExternalRepo(c *call, a externalRepoArgs) (any, error) {
	repo, err := c.externalRepoRef(a.Repo)
	if err != nil {
		return nil, err
	}
	if err := c.tagsOfRepoChanged(repo.ID); err != nil {
		return nil, err
	}
	return nil, c.tx.DeleteExternalRepo(c, repo.ID, c.session.user)
}

type getExternalRepoArgs struct {
	Repo   any  `rpc:"info"`
	Strict bool `rpc:"strict=false"`
	Event  any  `rpc:"event=nil"`
}

func getExternalRepo(c *call, a getExternalRepoArgs) (any, error) {
	event, err := eventRef(a.Event)
	if err != nil {
		return nil, err
	}
	repo, err := c.externalRepoAt(a.Repo, event)
	if err != nil {
		return nil, err
	}
	if repo == nil {
		if a.Strict {
			return nil, noSuch(sqlstore.ExternalRepoNames, a.Repo)
		}
		return nil, nil
	}
	return repo, nil
}

type listExternalReposArgs struct {
	Repo      any     `rpc:"info=nil"`
	URL       *string `rpc:"url=nil"`
	Event     any     `rpc:"event=nil"`
	QueryOpts any     `rpc:"queryOpts=nil"`
}

func listExternalRepos(c *call, a listExternalReposArgs) (any, error) {
	f := sqlstore.ExternalRepoFilter{URL: deref(a.URL)}
	var err error
	if f.Event, err = eventRef(a.Event); err != nil {
		return nil, err
	}
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	if a.Repo != nil {
		n, found, err := c.find(sqlstore.ExternalRepoNames, a.Repo)
		if err != nil {
			return nil, err
		}
		if !found {
			n.ID = -1 // nobody's
		}
		f.ID = &n.ID
	}
	if opts.CountOnly {
		return c.tx.CountExternalRepos(c, f, opts)
	}
	repos, err := c.tx.ListExternalRepos(c, f, opts)
	return rows(opts, repos), err
}

// mergeModes are the ways to merge an external repo into a tag's.
var mergeModes = []string{"koji", "simple", "bare"}

type addToTagArgs struct {
	Tag       any    `rpc:"tag_info"`
	Repo      any    `rpc:"repo_info"`
	Priority  int64  `rpc:"priority"`
	MergeMode string `rpc:"merge_mode=koji"`
	Arches    any    `rpc:"arches=nil"`
}

func addExternalRepoToTag(c *call, a addToTagArgs) (any, error) {
	tag, repo, err := c.tagAndRepo(a.Tag, a.Repo)
	if err != nil {
		return nil, err
	}
	p := koji.TagExternalRepo{TagID: tag.ID, ExternalRepoID: repo.ID, Priority: a.Priority, MergeMode: a.MergeMode}
	if a.Arches != nil {
		arches := a.Arches
		if text, isText := arches.(string); isText { // Koji takes commas here, and only here
			arches = strings.ReplaceAll(text, ",", " ")
		}
		text, err := archList(arches)
		if err != nil {
			return nil, err
		}
		p.Arches = &text
	}
	places, err := c.tx.TagExternalRepos(c, []int64{tag.ID}, nil, nil)
	if err != nil {
		return nil, err
	}
	for _, other := range places {
		if other.ExternalRepoID == repo.ID {
			return nil, refuse("External repo %s is already in tag %s", repo.Name, tag.Name)
		}
	}
	return nil, c.placeExternalRepo(tag, repo, p, places)
}

func (c *call) tagAndRepo(tagRef, repoRef any) (*koji.Tag, *koji.ExternalRepo, error) {
	tag, err := c.tagRef(tagRef)
	if err != nil {
		return nil, nil, err
	}
	repo, err := c.externalRepoRef(repoRef)
	return tag, repo, err
}

// placeExternalRepo stores a place after a look at the tag's others.
func (c *call) placeExternalRepo(tag *koji.Tag, repo *koji.ExternalRepo, p koji.TagExternalRepo, others []koji.TagExternalRepo) error {
	if !slices.Contains(mergeModes, p.MergeMode) {
		return refuse("No such merge mode: %s (there are %s)", p.MergeMode, strings.Join(mergeModes, ", "))
	}
	if !sqlstore.FitsID(p.Priority) {
		return fault(koji.CodeParameter, "priority: %d is out of range", p.Priority)
	}
	for _, o := range others {
		if o.ExternalRepoID != repo.ID && o.Priority == p.Priority {
			return refuse("Tag %s already has external repo %s at priority %d", tag.Name, o.ExternalRepoName, p.Priority)
		}
	}
	if err := c.tx.SetTagExternalRepo(c, p, c.session.user); err != nil {
		return err
	}
	return c.tagChanged(tag.ID, tag.Name)
}

type editTagExternalRepoArgs struct {
	Tag       any     `rpc:"tag_info"`
	Repo      any     `rpc:"repo_info"`
	Priority  *int64  `rpc:"priority=nil"`
	MergeMode *string `rpc:"merge_mode=nil"`
	Arches    any     `rpc:"arches=nil"`
}

// editTagExternalRepo with arches "" makes the repo one for all arches.
func editTagExternalRepo(c *call, a editTagExternalRepoArgs) (any, error) {
	tag, repo, err := c.tagAndRepo(a.Tag, a.Repo)
	if err != nil {
		return nil, err
	}
	places, err := c.tx.TagExternalRepos(c, []int64{tag.ID}, nil, nil)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(places, func(p koji.TagExternalRepo) bool { return p.ExternalRepoID == repo.ID })
	if at < 0 {
		return nil, refuse("External repo %s is not in tag %s", repo.Name, tag.Name)
	}
	p := places[at]
	if a.Priority != nil {
		p.Priority = *a.Priority
	}
	if a.MergeMode != nil {
		p.MergeMode = *a.MergeMode
	}
	if a.Arches != nil {
		arches, err := archList(a.Arches)
		if err != nil {
			return nil, err
		}
		if p.Arches = &arches; arches == "" {
			p.Arches = nil
		}
	}
	if old := places[at]; p.Priority == old.Priority && p.MergeMode == old.MergeMode && same(p.Arches, old.Arches) {
		return false, nil
	}
	return true, c.placeExternalRepo(tag, repo, p, places)
}

type removeFromTagArgs struct {
	Tag  any `rpc:"tag_info"`
	Repo any `rpc:"repo_info"`
}

func removeExternalRepoFromTag(c *call, a removeFromTagArgs) (any, error) {
	tag, repo, err := c.tagAndRepo(a.Tag, a.Repo)
	if err != nil {
		return nil, err
	}
	was, err := c.tx.RemoveTagExternalRepo(c, tag.ID, repo.ID, c.session.user)
	if err == nil && !was {
		err = refuse("External repo %s is not in tag %s", repo.Name, tag.Name)
	}
	if err != nil {
		return nil, err
	}
	return nil, c.tagChanged(tag.ID, tag.Name)
}

type tagExternalReposArgs struct {
	Tag   any `rpc:"tag_info=nil"`
	Repo  any `rpc:"repo_info=nil"`
	Event any `rpc:"event=nil"`
}

func getTagExternalRepos(c *call, a tagExternalReposArgs) (any, error) {
	event, err := eventRef(a.Event)
	if err != nil {
		return nil, err
	}
	var tags []int64
	if a.Tag != nil {
		id, _, err := c.tagID(a.Tag)
		if err != nil {
			return nil, err
		}
		tags = []int64{id}
	}
	var repo *int64
	if a.Repo != nil {
		n, err := c.need(sqlstore.ExternalRepoNames, a.Repo)
		if err != nil {
			return nil, err
		}
		repo = &n.ID
	}
	return c.tx.TagExternalRepos(c, tags, repo, event)
}

type externalRepoListArgs struct {
	Tag   any `rpc:"tag_info"`
	Event any `rpc:"event=nil"`
}

func getExternalRepoList(c *call, a externalRepoListArgs) (any, error) {
	id, event, err := c.tagIDAt(a.Tag, a.Event)
	if err != nil {
		return nil, err
	}
	return c.externalReposOf(id, event)
}

// externalReposOf are the external repos of a tag and its ancestors in the
// order of the inheritance, each where it is met first.
func (c *call) externalReposOf(tag int64, event *int64) ([]koji.TagExternalRepo, error) {
	links, err := c.tx.Ancestors(c, tag, event)
	if err != nil {
		return nil, err
	}
	tags := []int64{tag}
	for _, l := range links {
		if !slices.Contains(tags, l.ParentID) {
			tags = append(tags, l.ParentID)
		}
	}
	places, err := c.tx.TagExternalRepos(c, tags, nil, event)
	if err != nil {
		return nil, err
	}
	list, seen := []koji.TagExternalRepo{}, map[int64]bool{}
	for p := range nearest(tags, places, func(p koji.TagExternalRepo) int64 { return p.TagID }) {
		if !seen[p.ExternalRepoID] {
			seen[p.ExternalRepoID] = true
			list = append(list, p)
		}
	}
	return list, nil
}

type repoDataArgs struct {
	Repo any `rpc:"erepo"`
}

func getExternalRepoData(c *call, a repoDataArgs) (any, error) {
	n, err := c.need(sqlstore.ExternalRepoNames, a.Repo)
	if err != nil {
		return nil, err
	}
	return c.tx.ExternalRepoData(c, n.ID)
}

type setRepoDataArgs struct {
	Repo any `rpc:"external_repo_id"`
	Data any `rpc:"data"`
}

func setExternalRepoData(c *call, a setRepoDataArgs) (any, error) {
	repo, err := c.externalRepoRef(a.Repo)
	if err != nil {
		return nil, err
	}
	data, ok := a.Data.(map[string]any)
	if !ok {
		return nil, fault(koji.CodeParameter, "data: invalid value %s, want a struct", refText(a.Data))
	}
	if err := c.tx.SetExternalRepoData(c, repo.ID, data, c.session.user); err != nil {
		return nil, err
	}
	return nil, c.tagsOfRepoChanged(repo.ID)
}
