#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""complete.py PROGRAM CALLS.H MADE...

Each function that the daemon calls in a library fails in its turn (calls.h, and those MADE by hand), or
stands here with the reason why it need not.
"""
import re
import subprocess
import sys

REASONS = {
    "computes, or copies what is there": """
        bcmp memchr memcmp memcpy memmem memmove memrchr memset strchr strcmp strcpy strcspn strerror strlen strncmp
        strncpy strrchr strspn strstr strtod strtoll strtoul stpcpy stpncpy sscanf snprintf vsnprintf strftime
        qsort bsearch inet_ntop inet_pton gai_strerror sigaddset sigdelset sigemptyset sigfillset
        htons ntohs htonl ntohl explicit_bzero __errno_location __ctype_b_loc __stack_chk_fail __assert_fail""",
    "reads what the process has": """
        getenv unsetenv getpid geteuid getegid getrlimit time tzset""",
    "lets go: there is nothing to be done about it": """
        close free freeaddrinfo munmap closelog pthread_join pthread_detach pthread_attr_destroy
        pthread_cond_destroy pthread_condattr_destroy pthread_mutex_destroy json_delete event_base_free
        event_config_free event_free event_del libevent_global_shutdown yaml_event_delete yaml_parser_delete
        mnl_socket_close""",
    "cannot fail as it is called (glibc allocates nothing for it)": """
        pthread_attr_init pthread_attr_setdetachstate pthread_cond_broadcast pthread_cond_init
        pthread_cond_signal pthread_cond_timedwait pthread_cond_wait pthread_condattr_init
        pthread_condattr_setclock pthread_mutex_init pthread_mutex_lock pthread_mutex_unlock
        pthread_setname_np pthread_sigmask sigprocmask signal""",
    "an eventfd of one's own, never full": "eventfd_read eventfd_write",
    "libevent, libyaml and jansson are part of kaguard-faulty: what they call fails": """
        event_assign event_base_loop event_base_loopbreak event_config_new event_config_set_flag
        event_config_require_features event_get_base event_pending
        yaml_parser_parse yaml_parser_set_encoding yaml_parser_set_input_string
        json_array json_array_append_new json_array_get json_array_size json_dump_callback json_dumpb
        json_dumpf json_dumps json_equal json_false json_integer json_integer_value json_load_callback json_null
        json_object json_object_get json_object_iter json_object_iter_key json_object_iter_next
        json_object_iter_value json_object_key_to_iter json_object_set_new json_object_set_new_nocheck
        json_object_size json_object_update json_pack json_real json_set_alloc_funcs json_string
        json_string_value json_stringn json_true json_vunpack_ex""",
    "reads or writes a message in a buffer of our own": """
        mnl_attr_get_payload mnl_attr_get_payload_len mnl_attr_get_str mnl_attr_get_type mnl_attr_get_u32
        mnl_attr_next mnl_attr_ok mnl_attr_put mnl_attr_put_u32 mnl_nlmsg_get_payload
        mnl_nlmsg_get_payload_offset mnl_nlmsg_get_payload_tail mnl_nlmsg_put_extra_header
        mnl_nlmsg_put_header mnl_socket_get_fd mnl_socket_get_portid""",
    "of the command line, not of the daemon": """
        getopt_long fprintf vfprintf printf puts putc putchar fputc fputs fwrite fflush ferror""",
    "how a program begins and ends": "__libc_start_main __cxa_finalize __gmon_start__",
}
# What a build adds: the sanitizers' and gcov's own, and the checked forms of what stands above.
ADDED = re.compile(r"_ITM_|__(a|ub|t|l)san_|__sanitizer_|__gcov_|__llvm_|__tls_get_addr|std(err|out|in)$"
                   r"|opt(arg|ind|opt|err)$|environ$|mnl_ts_|__dso_handle|__interceptor_")


def plain(name):
    checked = re.fullmatch(r"__(\w+)_chk", name)
    if checked and checked[1] != "stack":
        return checked[1]
    return re.sub(r"^__isoc\d\d_|64$", "", name)


def main():
    program, calls, *made = sys.argv[1:]
    printed = subprocess.run(["nm", "-D", "--undefined-only", program], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    names = {line.split()[-1].partition("@")[0] for line in printed.splitlines()}
    called = {plain(name) for name in names if not ADDED.match(name)}
    with open(calls, encoding="utf-8") as table:
        fail = {line.split(", ")[4] for line in table if line.startswith("CALL(")} | set(made)
    need_not = {name: reason for reason, names in REASONS.items() for name in names.split()}
    print("1..2")
    for what, wrong in (("each call fails, or need not", called - fail - need_not.keys()),
                        ("none does both", fail & need_not.keys())):
        for name in sorted(wrong):
            print(f"# {name}()")
        print(f"{'not ' if wrong else ''}ok - {what}")


if __name__ == "__main__":
    main()
