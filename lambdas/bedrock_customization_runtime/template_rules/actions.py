"""Actions that no resource can be named for: a policy gives them on `*`.

From AWS's Service Authorization Reference, for the services of a customization; a test compares it
with the copy that cfn-lint ships.
"""

from __future__ import annotations

WITHOUT_RESOURCE = {
    "bedrock": frozenset(
        ["agenticretrievestream", "associatethirdpartyknowledgebase", "callwithbearertoken", "checkingesteddocumentacl", "createagent", "createautomatedreasoningpolicy", "createblueprint", "createcustommodel", "createdataautomationlibrary", "createdatasourcetoken", "createflow", "createfoundationmodelagreement", "createknowledgebase", "createmarketplacemodelendpoint", "createmodelimportjob", "createprompt", "createretrievalinstruction", "createsession", "deleteenforcedguardrailconfiguration", "deletefoundationmodelagreement", "deletemarketplacemodelagreement", "deletemodelinvocationloggingconfiguration", "generatequery", "getaccountdataretention", "getblueprintrecommendation", "getdatasourceauthorizationurl", "getdocumentcontent", "getfoundationmodelavailability", "getingesteddocumentacl", "getmodelinvocationloggingconfiguration", "getusecaseformodelaccess", "invokebuilder", "invokeguardrailchecks", "invokeinlineagent", "listadvancedpromptoptimizationjobs", "listagents", "listasyncinvokes", "listcustommodeldeployments", "listcustommodels", "listenforcedguardrailsconfiguration", "listevaluationjobs", "listflows", "listfoundationmodelagreementoffers", "listfoundationmodels", "listimportedmodels", "listinferenceprofiles", "listknowledgebases", "listmarketplacemodelendpoints", "listmodelcopyjobs", "listmodelcustomizationjobs", "listmodelevaluationjobs", "listmodelimportjobs", "listmodelinvocationjobs", "listpromptrouters", "listprovisionedmodelthroughputs", "listretrievalinstructions", "listsessions", "optimizeprompt", "putaccountdataretention", "putenforcedguardrailconfiguration", "putfoundationmodelentitlement", "putmodelinvocationloggingconfiguration", "putusecaseformodelaccess", "rerank", "retrieveandgenerate", "validateflowdefinition"]
    ),
    "dynamodb": frozenset(
        ["describeendpoints", "describelimits", "describereservedcapacity", "describereservedcapacityofferings", "getabacstatus", "injecterror", "listbackups", "listcontributorinsights", "listglobaltables", "liststreams", "listtables", "purchasereservedcapacityofferings", "updateabacstatus"]
    ),
    "kms": frozenset(
        ["connectcustomkeystore", "createcustomkeystore", "createkey", "deletecustomkeystore", "describecustomkeystores", "disconnectcustomkeystore", "generaterandom", "listaliases", "listkeys", "listretirablegrants", "updatecustomkeystore"]
    ),
    "lambda": frozenset(
        ["connectmicrovm", "createcodesigningconfig", "createeventsourcemapping", "createmicrovmimage", "getaccountsettings", "getwebaccountsettings", "listcapacityproviders", "listcodesigningconfigs", "listeventsourcemappings", "listfunctions", "listlayers", "listlayerversions", "listmanagedmicrovmimages", "listmicrovmimages", "listmicrovms", "listnetworkconnectors", "listwebfunctions", "passnetworkconnector"]
    ),
    "s3": frozenset(
        ["createjob", "createstoragelensgroup", "getaccesspoint", "getaccountpublicaccessblock", "listaccessgrantsinstances", "listaccesspoints", "listaccesspointsforobjectlambda", "listallmybuckets", "listjobs", "listmultiregionaccesspoints", "liststoragelensconfigurations", "liststoragelensgroups", "putaccesspointpublicaccessblock", "putaccountpublicaccessblock", "putstoragelensconfiguration"]
    ),
    "secretsmanager": frozenset(
        ["batchgetsecretvalue", "getrandompassword", "listsecrets"]
    ),
    "sns": frozenset(
        ["checkifphonenumberisoptedout", "createplatformapplication", "createplatformendpoint", "createsmssandboxphonenumber", "deleteendpoint", "deleteplatformapplication", "deletesmssandboxphonenumber", "getendpointattributes", "getplatformapplicationattributes", "getsmsattributes", "getsmssandboxaccountstatus", "listendpointsbyplatformapplication", "listoriginationnumbers", "listphonenumbersoptedout", "listplatformapplications", "listsmssandboxphonenumbers", "listsubscriptions", "listtopics", "optinphonenumber", "setendpointattributes", "setplatformapplicationattributes", "setsmsattributes", "verifysmssandboxphonenumber"]
    ),
    "sqs": frozenset(
        ["listqueues"]
    ),
    "ssm": frozenset(
        ["cancelcommand", "createactivation", "createmaintenancewindow", "createopsitem", "createopsmetadata", "createpatchbaseline", "deleteactivation", "deleteinventory", "describeactivations", "describeautomationexecutions", "describeavailablepatches", "describeinstanceinformation", "describeinstancepatchstatesforpatchgroup", "describeinstanceproperties", "describeinventorydeletions", "describemaintenancewindowexecutiontaskinvocations", "describemaintenancewindowexecutiontasks", "describemaintenancewindows", "describemaintenancewindowschedule", "describemaintenancewindowsfortarget", "describeopsitems", "describeparameters", "describepatchbaselines", "describepatchgroups", "describepatchgroupstate", "describepatchproperties", "describesessions", "executeapi", "getcommandinvocation", "getdeployablepatchsnapshotforinstance", "getexecutionpreview", "getinventory", "getinventoryschema", "getmaintenancewindowexecution", "getmaintenancewindowexecutiontask", "getmaintenancewindowexecutiontaskinvocation", "getmanifest", "getpatchbaselineforpatchgroup", "listassociations", "listcloudconnectors", "listcommandinvocations", "listcommands", "listcomplianceitems", "listcompliancesummaries", "listdocuments", "listinventoryentries", "listopsitemevents", "listopsitemrelateditems", "listopsmetadata", "listresourcecompliancesummaries", "listresourcedatasync", "putconfigurepackageresult", "putinventory", "registermanagedinstance", "startexecutionpreview"]
    ),
    "states": frozenset(
        ["invokehttpendpoint", "listactivities", "liststatemachines", "revealsecrets", "sendtaskfailure", "sendtaskheartbeat", "sendtasksuccess", "teststate", "validatestatemachinedefinition"]
    ),
}
"""By service; the names in lower case."""
