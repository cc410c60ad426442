# SPDX-License-Identifier: ISC

# KG_SWITCH(NAME, DEFAULT, HELP): --enable-NAME or --disable-NAME, in enable_NAME as yes or no.
AC_DEFUN([KG_SWITCH], [
	AC_ARG_ENABLE([$1],
		[AS_HELP_STRING(m4_if([$2], [yes], [--disable-$1], [--enable-$1]), [$3])],
		[], [enable_$1=$2])
])

# KG_CFLAGS(VARIABLE, FLAGS): those of FLAGS that the compiler takes without a complaint.
AC_DEFUN([KG_CFLAGS], [
	$1=
	for kg_flag in m4_normalize([$2]); do
		AC_MSG_CHECKING([whether $CC accepts $kg_flag])
		kg_save=$CFLAGS
		CFLAGS="$CFLAGS -Werror $kg_flag"
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
			[AC_MSG_RESULT([yes]); $1="$$1 $kg_flag"], [AC_MSG_RESULT([no])])
		CFLAGS=$kg_save
	done
	AC_SUBST([$1])
])

# KG_LDFLAGS(VARIABLE, FLAGS): those of FLAGS that the linker takes.
AC_DEFUN([KG_LDFLAGS], [
	$1=
	for kg_flag in m4_normalize([$2]); do
		AC_MSG_CHECKING([whether the linker accepts $kg_flag])
		kg_save=$LDFLAGS kg_csave=$CFLAGS
		LDFLAGS="$LDFLAGS $kg_flag"
		CFLAGS="$CFLAGS -Werror -fPIE"
		AC_LINK_IFELSE([AC_LANG_PROGRAM()],
			[AC_MSG_RESULT([yes]); $1="$$1 $kg_flag"], [AC_MSG_RESULT([no])])
		LDFLAGS=$kg_save CFLAGS=$kg_csave
	done
	AC_SUBST([$1])
])

# KG_FORTIFY(VARIABLE): _FORTIFY_SOURCE=3 where libc and compiler know it. It is an error at -O0,
# so it is asked with the flags in force.
AC_DEFUN([KG_FORTIFY], [
	AC_MSG_CHECKING([for _FORTIFY_SOURCE=3])
	kg_save=$CFLAGS
	CFLAGS="$CFLAGS -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3"
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <string.h>]])],
		[AC_MSG_RESULT([yes]); $1="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3"], [AC_MSG_RESULT([no])])
	CFLAGS=$kg_save
])
