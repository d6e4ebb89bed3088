"""Owns the names of functions: as people write them (Excel's English names), as xlsx and as OpenFormula store them."""

from __future__ import annotations

_MICROSOFT = frozenset(
    """AGGREGATE ARRAYTOTEXT BAHTTEXT BETA.DIST BETA.INV BINOM.DIST BINOM.INV CEILING.MATH CEILING.PRECISE CHISQ.DIST
    CHISQ.DIST.RT CHISQ.INV CHISQ.INV.RT CHISQ.TEST CHOOSECOLS CHOOSEROWS CONCAT CONFIDENCE.NORM CONFIDENCE.T
    COVARIANCE.P COVARIANCE.S DROP ENCODEURL ERF.PRECISE ERFC.PRECISE EXPAND EXPON.DIST F.DIST F.DIST.RT F.INV F.INV.RT
    F.TEST FILTER FILTERXML FLOOR.MATH FLOOR.PRECISE FORECAST.ETS FORECAST.ETS.CONFINT FORECAST.ETS.SEASONALITY
    FORECAST.ETS.STAT FORECAST.LINEAR GAMMA.DIST GAMMA.INV GAMMALN.PRECISE HSTACK HYPGEOM.DIST IFS LOGNORM.DIST
    LOGNORM.INV MAXIFS MINIFS MODE.MULT MODE.SNGL NEGBINOM.DIST NORM.DIST NORM.INV NORM.S.DIST NORM.S.INV
    PERCENTILE.EXC PERCENTILE.INC PERCENTRANK.EXC PERCENTRANK.INC POISSON.DIST QUARTILE.EXC QUARTILE.INC RANDARRAY
    RANK.AVG RANK.EQ SEQUENCE SORT SORTBY STDEV.P STDEV.S SWITCH T.DIST T.DIST.2T T.DIST.RT T.INV T.INV.2T T.TEST TAKE
    TEXTAFTER TEXTBEFORE TEXTJOIN TEXTSPLIT TOCOL TOROW UNIQUE VALUETOTEXT VAR.P VAR.S VSTACK WEBSERVICE WEIBULL.DIST
    WRAPCOLS WRAPROWS XLOOKUP XMATCH Z.TEST""".split()
)
"""`COM.MICROSOFT.X` in OpenFormula, `_xlfn.X` in xlsx."""
_MICROSOFT_OLD = frozenset(("CEILING", "FLOOR", "ISO.CEILING", "NETWORKDAYS.INTL", "WORKDAY.INTL"))
"""`COM.MICROSOFT.X` in OpenFormula, plain in xlsx."""
_LATER = frozenset(
    """ACOT ACOTH ARABIC BASE BINOM.DIST.RANGE BITAND BITLSHIFT BITOR BITRSHIFT BITXOR COMBINA COT COTH CSC CSCH DAYS
    DECIMAL FORMULATEXT GAMMA GAUSS IFNA IMCOSH IMCOT IMCSC IMCSCH IMSEC IMSECH IMSINH IMTAN ISFORMULA ISOWEEKNUM MUNIT
    NUMBERVALUE PDURATION PERMUTATIONA PHI QUERYSTRING RRI SEC SECH SHEET SHEETS SKEW.P UNICHAR UNICODE XOR""".split()
)
"""`_xlfn.X` in xlsx, plain in OpenFormula where no other name is given here."""
_BEHIND_WORKSHEET = frozenset(("FILTER", "SORT"))
_STORED, _STORED_SHEET = "_XLFN.", "_XLFN._XLWS."

_LEGACY = ("CHIDIST", "CHIINV", "CHITEST", "FDIST", "FINV", "NORMSDIST", "NORMSINV", "TDIST")
_BOTH_WAYS = {"B": "BINOM.DIST.RANGE", "SKEWP": "SKEW.P", "FORMULA": "FORMULATEXT"}
_ONE_WAY = {"CEILING": "CEILING.MATH", "FLOOR": "FLOOR.MATH", "FDIST": "F.DIST", "FINV": "F.INV"}
"""OpenFormula's own functions of the left names are the Microsoft ones of the right names."""

_FROM_ODF = {
    **{f"COM.MICROSOFT.{name}": name for name in _MICROSOFT | _MICROSOFT_OLD},
    **{f"LEGACY.{name}": name for name in _LEGACY},
    **_BOTH_WAYS,
    **_ONE_WAY,
}
_TO_ODF = {name: odf for odf, name in _FROM_ODF.items() if odf not in _ONE_WAY}


def from_xlsx_name(stored: str) -> str:
    """The name that people write."""
    upper = stored.upper()
    if not upper.startswith(_STORED):
        return stored
    name = upper.removeprefix(_STORED_SHEET).removeprefix(_STORED)
    return name if name in _MICROSOFT or name in _LATER or name.startswith("ORG.") else stored


def to_xlsx_name(name: str) -> str:
    """The name that xlsx stores."""
    upper = name.upper()
    if upper not in _MICROSOFT and upper not in _LATER and not upper.startswith("ORG."):
        return name
    return f"_xlfn._xlws.{upper}" if upper in _BEHIND_WORKSHEET else f"_xlfn.{upper}"


def from_odf_name(stored: str) -> str:
    """The name that people write; what Excel does not have keeps its own."""
    return _FROM_ODF.get(stored.upper(), stored)


def to_odf_name(name: str) -> str:
    """The name that OpenFormula stores."""
    return _TO_ODF.get(name.upper(), name)
