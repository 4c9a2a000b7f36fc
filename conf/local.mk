# SPDX-License-Identifier: GPL-3.0-or-later
nobase_dist_pkgdata_DATA += conf/embargod.conf conf/profiles/medical-device.conf conf/profiles/generic.conf conf/profiles/eu-cra.conf conf/nginx/embargod-site.conf
