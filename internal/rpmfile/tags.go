package rpmfile

// tag is a header tag as rpm knows it: its number, and whether its value is a list.
type tag struct {
	number int
	list   bool
}

// lookupTag finds a tag by rpm's name for it, in upper case. The names and what
// is a list are rpm 4.18's (`rpm --querytags`); what only describes a package
// once it is installed is left out.
func lookupTag(name string) (tag, bool) {
	switch name {
	case "SIGSIZE":
		return tag{257, false}, true
	case "SIGPGP":
		return tag{259, false}, true
	case "PKGID", "SIGMD5":
		return tag{261, false}, true
	case "SIGGPG":
		return tag{262, false}, true
	case "DSAHEADER":
		return tag{267, false}, true
	case "RSAHEADER":
		return tag{268, false}, true
	case "HDRID", "SHA1HEADER":
		return tag{269, false}, true
	case "LONGSIGSIZE":
		return tag{270, false}, true
	case "LONGARCHIVESIZE":
		return tag{271, false}, true
	case "SHA256HEADER":
		return tag{273, false}, true
	case "VERITYSIGNATURES":
		return tag{276, true}, true
	case "VERITYSIGNATUREALGO":
		return tag{277, false}, true
	case "N", "NAME":
		return tag{1000, false}, true
	case "V", "VERSION":
		return tag{1001, false}, true
	case "R", "RELEASE":
		return tag{1002, false}, true
	case "E", "EPOCH":
		return tag{1003, false}, true
	case "SUMMARY":
		return tag{1004, false}, true
	case "DESCRIPTION":
		return tag{1005, false}, true
	case "BUILDTIME":
		return tag{1006, false}, true
	case "BUILDHOST":
		return tag{1007, false}, true
	case "SIZE":
		return tag{1009, false}, true
	case "DISTRIBUTION":
		return tag{1010, false}, true
	case "VENDOR":
		return tag{1011, false}, true
	case "GIF":
		return tag{1012, false}, true
	case "XPM":
		return tag{1013, false}, true
	case "LICENSE":
		return tag{1014, false}, true
	case "PACKAGER":
		return tag{1015, false}, true
	case "GROUP":
		return tag{1016, false}, true
	case "SOURCE":
		return tag{1018, true}, true
	case "PATCH":
		return tag{1019, true}, true
	case "URL":
		return tag{1020, false}, true
	case "OS":
		return tag{1021, false}, true
	case "ARCH":
		return tag{1022, false}, true
	case "PREIN":
		return tag{1023, false}, true
	case "POSTIN":
		return tag{1024, false}, true
	case "PREUN":
		return tag{1025, false}, true
	case "POSTUN":
		return tag{1026, false}, true
	case "OLDFILENAMES":
		return tag{1027, true}, true
	case "FILESIZES":
		return tag{1028, true}, true
	case "FILESTATES":
		return tag{1029, true}, true
	case "FILEMODES":
		return tag{1030, true}, true
	case "FILERDEVS":
		return tag{1033, true}, true
	case "FILEMTIMES":
		return tag{1034, true}, true
	case "FILEDIGESTS", "FILEMD5S":
		return tag{1035, true}, true
	case "FILELINKTOS":
		return tag{1036, true}, true
	case "FILEFLAGS":
		return tag{1037, true}, true
	case "FILEUSERNAME":
		return tag{1039, true}, true
	case "FILEGROUPNAME":
		return tag{1040, true}, true
	case "ICON":
		return tag{1043, false}, true
	case "SOURCERPM":
		return tag{1044, false}, true
	case "FILEVERIFYFLAGS":
		return tag{1045, true}, true
	case "ARCHIVESIZE":
		return tag{1046, false}, true
	case "P", "PROVIDENAME", "PROVIDES":
		return tag{1047, true}, true
	case "REQUIREFLAGS":
		return tag{1048, true}, true
	case "REQUIRENAME", "REQUIRES":
		return tag{1049, true}, true
	case "REQUIREVERSION":
		return tag{1050, true}, true
	case "NOSOURCE":
		return tag{1051, true}, true
	case "NOPATCH":
		return tag{1052, true}, true
	case "CONFLICTFLAGS":
		return tag{1053, true}, true
	case "C", "CONFLICTNAME", "CONFLICTS":
		return tag{1054, true}, true
	case "CONFLICTVERSION":
		return tag{1055, true}, true
	case "EXCLUDEARCH":
		return tag{1059, true}, true
	case "EXCLUDEOS":
		return tag{1060, true}, true
	case "EXCLUSIVEARCH":
		return tag{1061, true}, true
	case "EXCLUSIVEOS":
		return tag{1062, true}, true
	case "RPMVERSION":
		return tag{1064, false}, true
	case "TRIGGERSCRIPTS":
		return tag{1065, true}, true
	case "TRIGGERNAME":
		return tag{1066, true}, true
	case "TRIGGERVERSION":
		return tag{1067, true}, true
	case "TRIGGERFLAGS":
		return tag{1068, true}, true
	case "TRIGGERINDEX":
		return tag{1069, true}, true
	case "VERIFYSCRIPT":
		return tag{1079, false}, true
	case "CHANGELOGTIME":
		return tag{1080, true}, true
	case "CHANGELOGNAME":
		return tag{1081, true}, true
	case "CHANGELOGTEXT":
		return tag{1082, true}, true
	case "PREINPROG":
		return tag{1085, true}, true
	case "POSTINPROG":
		return tag{1086, true}, true
	case "PREUNPROG":
		return tag{1087, true}, true
	case "POSTUNPROG":
		return tag{1088, true}, true
	case "BUILDARCHS":
		return tag{1089, true}, true
	case "O", "OBSOLETENAME", "OBSOLETES":
		return tag{1090, true}, true
	case "VERIFYSCRIPTPROG":
		return tag{1091, true}, true
	case "TRIGGERSCRIPTPROG":
		return tag{1092, true}, true
	case "COOKIE":
		return tag{1094, false}, true
	case "FILEDEVICES":
		return tag{1095, true}, true
	case "FILEINODES":
		return tag{1096, true}, true
	case "FILELANGS":
		return tag{1097, true}, true
	case "PREFIXES":
		return tag{1098, true}, true
	case "INSTPREFIXES":
		return tag{1099, true}, true
	case "SOURCEPACKAGE":
		return tag{1106, false}, true
	case "PROVIDEFLAGS":
		return tag{1112, true}, true
	case "PROVIDEVERSION":
		return tag{1113, true}, true
	case "OBSOLETEFLAGS":
		return tag{1114, true}, true
	case "OBSOLETEVERSION":
		return tag{1115, true}, true
	case "DIRINDEXES":
		return tag{1116, true}, true
	case "BASENAMES":
		return tag{1117, true}, true
	case "DIRNAMES":
		return tag{1118, true}, true
	case "ORIGDIRINDEXES":
		return tag{1119, true}, true
	case "ORIGBASENAMES":
		return tag{1120, true}, true
	case "ORIGDIRNAMES":
		return tag{1121, true}, true
	case "OPTFLAGS":
		return tag{1122, false}, true
	case "DISTURL":
		return tag{1123, false}, true
	case "PAYLOADFORMAT":
		return tag{1124, false}, true
	case "PAYLOADCOMPRESSOR":
		return tag{1125, false}, true
	case "PAYLOADFLAGS":
		return tag{1126, false}, true
	case "PLATFORM":
		return tag{1132, false}, true
	case "PATCHESNAME":
		return tag{1133, true}, true
	case "PATCHESFLAGS":
		return tag{1134, true}, true
	case "PATCHESVERSION":
		return tag{1135, true}, true
	case "FILECOLORS":
		return tag{1140, true}, true
	case "FILECLASS":
		return tag{1141, true}, true
	case "CLASSDICT":
		return tag{1142, true}, true
	case "FILEDEPENDSX":
		return tag{1143, true}, true
	case "FILEDEPENDSN":
		return tag{1144, true}, true
	case "DEPENDSDICT":
		return tag{1145, true}, true
	case "SOURCEPKGID":
		return tag{1146, false}, true
	case "FILECONTEXTS":
		return tag{1147, true}, true
	case "FSCONTEXTS":
		return tag{1148, true}, true
	case "RECONTEXTS":
		return tag{1149, true}, true
	case "POLICIES":
		return tag{1150, true}, true
	case "PRETRANS":
		return tag{1151, false}, true
	case "POSTTRANS":
		return tag{1152, false}, true
	case "PRETRANSPROG":
		return tag{1153, true}, true
	case "POSTTRANSPROG":
		return tag{1154, true}, true
	case "DISTTAG":
		return tag{1155, false}, true
	case "OLDSUGGESTS", "OLDSUGGESTSNAME":
		return tag{1156, true}, true
	case "OLDSUGGESTSVERSION":
		return tag{1157, true}, true
	case "OLDSUGGESTSFLAGS":
		return tag{1158, true}, true
	case "OLDENHANCES", "OLDENHANCESNAME":
		return tag{1159, true}, true
	case "OLDENHANCESVERSION":
		return tag{1160, true}, true
	case "OLDENHANCESFLAGS":
		return tag{1161, true}, true
	case "NVRA":
		return tag{1196, false}, true
	case "FILENAMES":
		return tag{5000, true}, true
	case "FILEPROVIDE":
		return tag{5001, true}, true
	case "FILEREQUIRE":
		return tag{5002, true}, true
	case "TRIGGERCONDS":
		return tag{5005, true}, true
	case "TRIGGERTYPE":
		return tag{5006, true}, true
	case "ORIGFILENAMES":
		return tag{5007, true}, true
	case "LONGFILESIZES":
		return tag{5008, true}, true
	case "LONGSIZE":
		return tag{5009, false}, true
	case "FILECAPS":
		return tag{5010, true}, true
	case "FILEDIGESTALGO":
		return tag{5011, false}, true
	case "BUGURL":
		return tag{5012, false}, true
	case "EVR":
		return tag{5013, false}, true
	case "NVR":
		return tag{5014, false}, true
	case "NEVR":
		return tag{5015, false}, true
	case "NEVRA":
		return tag{5016, false}, true
	case "EPOCHNUM":
		return tag{5019, false}, true
	case "PREINFLAGS":
		return tag{5020, false}, true
	case "POSTINFLAGS":
		return tag{5021, false}, true
	case "PREUNFLAGS":
		return tag{5022, false}, true
	case "POSTUNFLAGS":
		return tag{5023, false}, true
	case "PRETRANSFLAGS":
		return tag{5024, false}, true
	case "POSTTRANSFLAGS":
		return tag{5025, false}, true
	case "VERIFYSCRIPTFLAGS":
		return tag{5026, false}, true
	case "TRIGGERSCRIPTFLAGS":
		return tag{5027, true}, true
	case "POLICYNAMES":
		return tag{5030, true}, true
	case "POLICYTYPES":
		return tag{5031, true}, true
	case "POLICYTYPESINDEXES":
		return tag{5032, true}, true
	case "POLICYFLAGS":
		return tag{5033, true}, true
	case "VCS":
		return tag{5034, false}, true
	case "ORDERNAME":
		return tag{5035, true}, true
	case "ORDERVERSION":
		return tag{5036, true}, true
	case "ORDERFLAGS":
		return tag{5037, true}, true
	case "INSTFILENAMES":
		return tag{5040, true}, true
	case "REQUIRENEVRS":
		return tag{5041, true}, true
	case "PROVIDENEVRS":
		return tag{5042, true}, true
	case "OBSOLETENEVRS":
		return tag{5043, true}, true
	case "CONFLICTNEVRS":
		return tag{5044, true}, true
	case "FILENLINKS":
		return tag{5045, true}, true
	case "RECOMMENDNAME", "RECOMMENDS":
		return tag{5046, true}, true
	case "RECOMMENDVERSION":
		return tag{5047, true}, true
	case "RECOMMENDFLAGS":
		return tag{5048, true}, true
	case "SUGGESTNAME", "SUGGESTS":
		return tag{5049, true}, true
	case "SUGGESTVERSION":
		return tag{5050, true}, true
	case "SUGGESTFLAGS":
		return tag{5051, true}, true
	case "SUPPLEMENTNAME", "SUPPLEMENTS":
		return tag{5052, true}, true
	case "SUPPLEMENTVERSION":
		return tag{5053, true}, true
	case "SUPPLEMENTFLAGS":
		return tag{5054, true}, true
	case "ENHANCENAME", "ENHANCES":
		return tag{5055, true}, true
	case "ENHANCEVERSION":
		return tag{5056, true}, true
	case "ENHANCEFLAGS":
		return tag{5057, true}, true
	case "RECOMMENDNEVRS":
		return tag{5058, true}, true
	case "SUGGESTNEVRS":
		return tag{5059, true}, true
	case "SUPPLEMENTNEVRS":
		return tag{5060, true}, true
	case "ENHANCENEVRS":
		return tag{5061, true}, true
	case "ENCODING":
		return tag{5062, false}, true
	case "FILETRIGGERSCRIPTS":
		return tag{5066, true}, true
	case "FILETRIGGERSCRIPTPROG":
		return tag{5067, true}, true
	case "FILETRIGGERSCRIPTFLAGS":
		return tag{5068, true}, true
	case "FILETRIGGERNAME":
		return tag{5069, true}, true
	case "FILETRIGGERINDEX":
		return tag{5070, true}, true
	case "FILETRIGGERVERSION":
		return tag{5071, true}, true
	case "FILETRIGGERFLAGS":
		return tag{5072, true}, true
	case "TRANSFILETRIGGERSCRIPTS":
		return tag{5076, true}, true
	case "TRANSFILETRIGGERSCRIPTPROG":
		return tag{5077, true}, true
	case "TRANSFILETRIGGERSCRIPTFLAGS":
		return tag{5078, true}, true
	case "TRANSFILETRIGGERNAME":
		return tag{5079, true}, true
	case "TRANSFILETRIGGERINDEX":
		return tag{5080, true}, true
	case "TRANSFILETRIGGERVERSION":
		return tag{5081, true}, true
	case "TRANSFILETRIGGERFLAGS":
		return tag{5082, true}, true
	case "FILETRIGGERPRIORITIES":
		return tag{5084, true}, true
	case "TRANSFILETRIGGERPRIORITIES":
		return tag{5085, true}, true
	case "FILETRIGGERCONDS":
		return tag{5086, true}, true
	case "FILETRIGGERTYPE":
		return tag{5087, true}, true
	case "TRANSFILETRIGGERCONDS":
		return tag{5088, true}, true
	case "TRANSFILETRIGGERTYPE":
		return tag{5089, true}, true
	case "FILESIGNATURES":
		return tag{5090, true}, true
	case "FILESIGNATURELENGTH":
		return tag{5091, false}, true
	case "PAYLOADDIGEST":
		return tag{5092, true}, true
	case "PAYLOADDIGESTALGO":
		return tag{5093, false}, true
	case "MODULARITYLABEL":
		return tag{5096, false}, true
	case "PAYLOADDIGESTALT":
		return tag{5097, true}, true
	case "ARCHSUFFIX":
		return tag{5098, false}, true
	case "SPEC":
		return tag{5099, false}, true
	case "TRANSLATIONURL":
		return tag{5100, false}, true
	case "UPSTREAMRELEASES":
		return tag{5101, false}, true
	}
	return tag{}, false
}
