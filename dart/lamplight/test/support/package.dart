/// Finds the files of this package.
library;

import 'dart:io';

Directory packageFolder() {
  for (final start in [Platform.script.resolve('.'), Directory.current.uri]) {
    var folder = Directory.fromUri(start).absolute;
    while (folder.path != folder.parent.path) {
      for (final path in [folder.path, '${folder.path}/dart/lamplight']) {
        if (File('$path/COMPAT.md').existsSync()) {
          return Directory(path);
        }
      }
      folder = folder.parent;
    }
  }
  throw StateError('COMPAT.md is in no folder above this program');
}
