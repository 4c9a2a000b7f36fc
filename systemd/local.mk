# SPDX-License-Identifier: GPL-3.0-or-later
# The unit knows where the program was installed; sysusers.d and tmpfiles.d want other names than the source has.
EXTRA_DIST += systemd/embargod.service.in systemd/embargod.sysusers systemd/embargod.tmpfiles
systemdsystemunit_DATA = systemd/embargod.service
CLEANFILES += systemd/embargod.service
systemd/embargod.service: $(srcdir)/systemd/embargod.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && sed -e 's|@sbindir[@]|$(sbindir)|g' $(srcdir)/systemd/embargod.service.in >$@.new && mv $@.new $@

install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(sysusersdir)' '$(DESTDIR)$(tmpfilesdir)'
	$(INSTALL_DATA) $(srcdir)/systemd/embargod.sysusers '$(DESTDIR)$(sysusersdir)/embargod.conf'
	$(INSTALL_DATA) $(srcdir)/systemd/embargod.tmpfiles '$(DESTDIR)$(tmpfilesdir)/embargod.conf'
uninstall-local:
	rm -f '$(DESTDIR)$(sysusersdir)/embargod.conf' '$(DESTDIR)$(tmpfilesdir)/embargod.conf'
