/* SPDX-License-Identifier: ISC */

/* Prints the transitions of a session for doc/architecture.md: as a table, or for Mermaid to draw.
 */

#include "policy/fsm.h"

#include <string.h>

/* The events that lead from one state to another, if there are any, on one arrow. */
static void
print_arrow(enum fsm_state from, enum fsm_state to)
{
	const char *before = ": ";

	for (int e = 0; e < FSM_N_EVENTS; e++) {
		struct fsm_transition t = fsm_next(from, (enum fsm_event)e);

		if (!t.defined || t.next != to)
			continue;
		if (*before == ':')
			printf("    %s --> %s", fsm_state_name(from), fsm_state_name(to));
		printf("%s%s", before, fsm_event_name((enum fsm_event)e));
		before = ", ";
	}
	if (*before != ':')
		putchar('\n');
}

static void
print_mermaid(void)
{
	puts("stateDiagram-v2\n    [*] --> idle");
	for (int from = 0; from < FSM_N_STATES; from++)
		for (int to = 0; to < FSM_N_STATES; to++)
			print_arrow((enum fsm_state)from, (enum fsm_state)to);
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--mermaid") == 0)
		print_mermaid();
	else
		fsm_print(stdout);
	return 0;
}
