/// A short notation for statuses: `ann:2` is version 2 of ann's status.
library;

import 'package:lamplight/lamplight.dart';

/// Parses statuses in the short notation.
List<UserStatus> statuses(String words) => [
      for (final word in words.split(' '))
        if (word.split(':') case [final user, final version])
          UserStatus(
            userId: user,
            type: StatusType.online,
            version: BigInt.parse(version),
          ),
    ];

/// Returns statuses in the short notation.
String brief(Iterable<UserStatus> statuses) =>
    statuses.map((one) => '${one.userId}:${one.version}').join(' ');
