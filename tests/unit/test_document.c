/* SPDX-License-Identifier: ISC */
#include "config/document.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A file, parsed. */
struct fixture {
	struct source source;
	struct notes notes;
	struct pool pool;
	struct node *root;
	int result;
};

static void
parse(struct fixture *fixture, const char *text, size_t len)
{
	*fixture = (struct fixture){0};
	assert_int_equal(source_init(&fixture->source, "test.yaml", (struct slice){text, len}), 0);
	fixture->notes.sources = &fixture->source;
	fixture->notes.n_sources = 1;
	fixture->result =
	    document_parse(&fixture->source, &fixture->pool, &fixture->notes, &fixture->root);
}

static void
clear(struct fixture *fixture)
{
	remarks_clear(&fixture->notes.remarks);
	source_clear(&fixture->source);
	pool_clear(&fixture->pool);
}

static void
is_scalar(const struct node *node, const char *text, unsigned line, unsigned column)
{
	assert_int_equal(node->type, NODE_SCALAR);
	assert_int_equal(node->text.len, strlen(text));
	assert_memory_equal(node->text.text, text, node->text.len + 1);
	assert_int_equal(node->at.line, line);
	assert_int_equal(node->at.column, column);
}

static void
nodes_have_places(void **state)
{
	static const char text[] = "\xef\xbb\xbf" /* a byte order mark takes no column */
				   "peers: # \xc5\xbe\n"
				   "  - '\xc5\xbe\xc3\xa9': \"\xf0\x9f\xa6\x80\", # wide\n";
	static const char flow[] = "{\xc5\xbe: 'a b', c: [d, \"e\\n\"]}";
	struct fixture f;
	const struct node *node;

	(void)state;
	parse(&f, flow, sizeof(flow) - 1);
	assert_int_equal(f.result, 0);
	assert_int_equal(f.root->type, NODE_MAP);
	node = f.root->first;
	is_scalar(node, "\xc5\xbe", 1, 2);
	assert_int_equal(node->style, NODE_PLAIN);
	is_scalar(node->next, "a b", 1, 5);
	assert_int_equal(node->next->style, NODE_SINGLE_QUOTED);
	node = node->next->next;
	is_scalar(node, "c", 1, 12);
	node = node->next;
	assert_int_equal(node->type, NODE_LIST);
	assert_int_equal(node->at.column, 15);
	assert_null(node->next);
	is_scalar(node->first, "d", 1, 16);
	is_scalar(node->first->next, "e\n", 1, 19);
	assert_int_equal(node->first->next->style, NODE_DOUBLE_QUOTED);
	clear(&f);

	/* The comma is no part of a double-quoted scalar in a block: the error has its place. */
	parse(&f, text, sizeof(text) - 1);
	assert_int_equal(f.result, -EINVAL);
	assert_int_equal(f.notes.remarks.n, 1);
	assert_int_equal(f.notes.remarks.list[0].line, 2);
	assert_int_equal(f.notes.remarks.list[0].column, 14);
	clear(&f);
}

static void
empty_is_no_node(void **state)
{
	static const char *const texts[] = {"", "\n", "# nothing\n", "   \n", "\xef\xbb\xbf"};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		parse(&f, texts[i], strlen(texts[i]));
		assert_int_equal(f.result, 0);
		assert_null(f.root);
		assert_int_equal(f.notes.remarks.n, 0);
		clear(&f);
	}
}

static void
depth_has_a_limit(void **state)
{
	static const char *const opening[] = {"[", "{a: ", "- ", "? "};
	static const char *const closing[] = {"]", "}", "", ""};
	char text[256];
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (int depth = DOCUMENT_MAX_DEPTH; depth <= DOCUMENT_MAX_DEPTH + 1; depth++) {
			text[0] = '\0';
			for (int j = 0; j < depth; j++)
				strcat(text, opening[i]);
			strcat(text, "x");
			for (int j = 0; j < depth; j++)
				strcat(text, closing[i]);
			parse(&f, text, strlen(text));
			assert_int_equal(f.result, depth > DOCUMENT_MAX_DEPTH ? -EINVAL : 0);
			clear(&f);
		}
}

/* What is left out by mistake is told apart from what is not there. */
static void
what_is_not_taken_is_marked(void **state)
{
	static const char text[] = "a: *x\n[b]: c\n<<: d\ne: &f g\nh: !i j\n";
	struct fixture f;
	const struct node *node;

	(void)state;
	parse(&f, text, strlen(text));
	assert_int_equal(f.result, 0);
	assert_int_equal(f.notes.remarks.n_errors, 5);
	node = f.root->first;
	assert_int_equal(node->next->type, NODE_BROKEN);
	node = node->next->next;
	assert_true(node->broken);
	is_scalar(node->next, "c", 2, 6);
	node = node->next->next;
	assert_true(node->broken);
	node = node->next->next;
	assert_false(node->broken);
	is_scalar(node->next, "g", 4, 4);
	clear(&f);
}

static void
characters(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		uint32_t code;
	} rows[] = {
	    {"a", 1, 'a'},
	    {"\xc2\x80", 2, 0x80},
	    {"\xdf\xbf", 2, 0x7ff},
	    {"\xe0\xa0\x80", 3, 0x800},
	    {"\xed\x9f\xbf", 3, 0xd7ff},
	    {"\xee\x80\x80", 3, 0xe000},
	    {"\xf0\x90\x80\x80", 4, 0x10000},
	    {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
	    {"\x80", 0, 0},
	    {"\xc0\x80", 0, 0},
	    {"\xc1\xbf", 0, 0},
	    {"\xe0\x9f\xbf", 0, 0},
	    {"\xed\xa0\x80", 0, 0},
	    {"\xf0\x8f\xbf\xbf", 0, 0},
	    {"\xf4\x90\x80\x80", 0, 0},
	    {"\xf5\x80\x80\x80", 0, 0},
	    {"\xff", 0, 0},
	    {"\xc2", 0, 0},
	    {"\xe2\x82", 0, 0},
	    {"\xe2\x82q", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t code = 0;

		assert_int_equal(
		    source_decode(rows[i].text, strlen(rows[i].text), &code), rows[i].len);
		assert_int_equal(code, rows[i].code);
	}
}

static void
lines(void **state)
{
	static const char text[] = "a\nbb\r\n\rc\xc5\xbe!\n";
	struct source source;
	struct place at;

	(void)state;
	assert_int_equal(source_init(&source, "x", (struct slice){text, sizeof(text) - 1}), 0);
	assert_int_equal(source.n_lines, 5);
	assert_int_equal(source_line(&source, 1).len, 1);
	assert_memory_equal(source_line(&source, 2).text, "bb", 2);
	assert_int_equal(source_line(&source, 2).len, 2);
	assert_int_equal(source_line(&source, 3).len, 0);
	assert_int_equal(source_line(&source, 4).len, 4);
	assert_int_equal(source_line(&source, 5).len, 0);
	assert_int_equal(source_line(&source, 6).len, 0);
	assert_int_equal(source_line(&source, 0).len, 0);
	at = source_place(&source, 10); /* the exclamation mark */
	assert_int_equal(at.line, 4);
	assert_int_equal(at.column, 3);
	assert_int_equal(*source_at(&source, at), '!');
	at.column = 4;
	assert_int_equal(*source_at(&source, at), '\n');
	at.column = 5;
	assert_null(source_at(&source, at));
	source_clear(&source);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nodes_have_places),
	    cmocka_unit_test(empty_is_no_node),
	    cmocka_unit_test(depth_has_a_limit),
	    cmocka_unit_test(what_is_not_taken_is_marked),
	    cmocka_unit_test(characters),
	    cmocka_unit_test(lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
