#!/bin/sh
# SPDX-License-Identifier: ISC
# tools/version in the trees that there are: tagged, between tags, without any, shallow, copied. TAP.
set -u

: "${KAGUARD_SRCDIR:?}"
command -v git >/dev/null || {
	echo "1..0 # SKIP git is not installed"
	exit 0
}
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
# Whoever runs this has settings of their own, and may do so from a hook of git.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
export GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM
export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
tests=0

# is WHAT TREE PATTERN: the version of the tree matches all of the pattern.
is()
{
	tests=$((tests + 1))
	version=$(cd / && "$dir/$2/tools/version" 2>&1)
	if printf '%s\n' "$version" | grep -Exq -e "$3"; then
		echo "ok $tests - $1: $version"
	else
		echo "not ok $tests - $1: $version is not $3"
	fi
}

# tree NAME: what tools/version looks at, but for git.
tree()
{
	mkdir -p "$dir/$1/tools"
	cp "$KAGUARD_SRCDIR/tools/version" "$dir/$1/tools/"
	printf '# News\n\n## 0.3.0 (not yet)\n\nwords\n\n## 0.2.0\n' >"$dir/$1/NEWS.md"
}

commit()
{
	git -C "$dir/tree" commit -q --allow-empty -m "$1"
}

tree tree
git -C "$dir/tree" init -q
git -C "$dir/tree" add .
is "no commit" tree '0\.3\.0\+unknown'
commit one
is "no tag" tree '0\.3\.0\+g[0-9a-f]{9}'
git -C "$dir/tree" tag nightly
is "a tag that is no version" tree '0\.3\.0\+g[0-9a-f]{9}'
git -C "$dir/tree" tag -a -m release v0.2.0
is "tagged" tree '0\.2\.0'
commit two
commit three
is "between tags" tree '0\.2\.0\+2\.g[0-9a-f]{9}'
git -C "$dir/tree" tag v0.3.0-rc1
is "a candidate" tree '0\.3\.0~rc1'
commit four
is "after a candidate" tree '0\.3\.0~rc1\+1\.g[0-9a-f]{9}'
git clone -q --depth 1 "file://$dir/tree" "$dir/shallow"
is "a shallow clone" shallow '0\.3\.0\+g[0-9a-f]{9}'

mkdir "$dir/copy" && tar -C "$dir/tree" --exclude=./.git -cf - . | tar -C "$dir/copy" -xf -
is "a copy without git" copy '0\.3\.0\+unknown'
tree tree/inner
is "a copy in somebody else's repository" tree/inner '0\.3\.0\+unknown'
echo 0.9.1 >"$dir/tree/.tarball-version"
is "a tarball, whatever is around it" tree '0\.9\.1'
echo "1..$tests"
