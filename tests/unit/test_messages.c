/* SPDX-License-Identifier: ISC */
#include "host/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <cmocka.h>

static void
each_message_has_an_id_and_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < MESSAGE_COUNT; i++) {
		sd_id128_t id;

		assert_non_null(message_id((enum message)i));
		assert_int_equal(strlen(message_id((enum message)i)), 32);
		assert_int_equal(sd_id128_from_string(message_id((enum message)i), &id), 0);
		assert_non_null(message_name((enum message)i));
		for (int k = 0; k < i; k++) {
			assert_string_not_equal(
			    message_id((enum message)i), message_id((enum message)k));
			assert_string_not_equal(
			    message_name((enum message)i), message_name((enum message)k));
		}
	}
}

/* Fixed for ever: scripts, alert rules and catalogs know them. */
static void
ids_stay_what_they_are(void **state)
{
	(void)state;
	assert_string_equal(message_id(MESSAGE_STARTED), "3e5adc837ca748bcbc91be2a4a72fcdc");
	assert_string_equal(message_id(MESSAGE_SESSION_UP), "8fda8b287d5942959a611f07d89a3971");
	assert_string_equal(message_id(MESSAGE_SESSION_LOST), "a9845fd7a7be41e597eb1342b31ca103");
	assert_string_equal(
	    message_id(MESSAGE_RECORDS_DROPPED), "7a4efb963275483b89d1aa850b7ee350");
	assert_string_equal(message_name(MESSAGE_SESSION_UP), "session-up");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_message_has_an_id_and_a_name_of_its_own),
	    cmocka_unit_test(ids_stay_what_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
